import django.db.models.deletion
import uuid
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('lipsync', '0005_segments'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Dub',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('uid', models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ('name', models.CharField(max_length=200)),
                ('source_language', models.CharField(blank=True, help_text='ISO 639-1; empty: found out.', max_length=20)),
                ('target_language', models.CharField(help_text='BCP 47 tag.', max_length=20)),
                ('options', models.JSONField(default=dict, help_text='Other fields of lipsync.dubbing.spec.DubSpec.')),
                ('edits', models.JSONField(default=dict, help_text='Fields of lipsync.dubbing.spec.Edit by sentence.')),
                ('stop_before', models.CharField(blank=True, max_length=12)),
                ('state', models.CharField(choices=[('queued', 'Queued'), ('running', 'Running'), ('waiting', 'Waiting'), ('paused', 'Paused'), ('done', 'Done'), ('failed', 'Failed')], db_index=True, default='queued', max_length=10)),
                ('stage', models.CharField(blank=True, max_length=12)),
                ('percent', models.PositiveSmallIntegerField(default=0, help_text='Of the stage.')),
                ('message', models.TextField(blank=True, help_text='What its owner is to do.')),
                ('error_code', models.CharField(blank=True, max_length=40)),
                ('error_message', models.TextField(blank=True)),
                ('revision', models.PositiveIntegerField(default=1, help_text='Grows with every write.')),
                ('attempt_count', models.PositiveSmallIntegerField(default=0, help_text='Workers that took up this stage.')),
                ('pause_requested', models.BooleanField(default=False)),
                ('lease_token', models.UUIDField(blank=True, null=True)),
                ('lease_expires_at', models.DateTimeField(blank=True, db_index=True, null=True)),
                ('rung_at', models.DateTimeField(blank=True, help_text='When a worker was last told of it.', null=True)),
                ('job_key', models.CharField(blank=True, help_text='Of what the job makes the lips.', max_length=64)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('run_at', models.DateTimeField(auto_now_add=True, help_text='When its owner last said go.')),
                ('finished_at', models.DateTimeField(blank=True, null=True)),
                ('expires_at', models.DateTimeField(blank=True, null=True)),
                ('job', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='dubs', to='lipsync.job')),
                ('owner', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='dubs', to=settings.AUTH_USER_MODEL)),
                ('source', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='dubs', to='lipsync.asset')),
            ],
            options={
                'ordering': ('-id',),
                'indexes': [models.Index(fields=['owner', 'state', 'id'], name='dubs_dub_owner_i_635021_idx')],
            },
        ),
    ]
